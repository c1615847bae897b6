public import PPL

/// Which coordinates of an event a coupling layer leaves alone, and computes from them what it does
/// to the others.
public struct CouplingMask: Sendable {
  /// The shape of an event.
  let shape: Shape
  /// For each coordinate, in row-major order, whether it is left alone.
  let isKept: [Bool]

  private init(_ shape: Shape, _ isKept: (Int) -> Bool) {
    precondition(shape.elementCount > 0, "CouplingMask: events of shape \(shape) have no elements")
    self.shape = shape
    self.isKept = (0..<shape.elementCount).map(isKept)
  }

  /// The first ⌊D / 2⌋ of D coordinates are kept.
  public static func half(_ dimension: Int) -> CouplingMask { half([dimension]) }

  /// The first ⌊D / 2⌋ of the D elements of an event are kept, in row-major order.
  public static func half(_ shape: Shape) -> CouplingMask {
    CouplingMask(shape) { $0 < shape.elementCount / 2 }
  }

  /// Coordinates 1, 3, 5 … are kept.
  public static func alternating(_ dimension: Int) -> CouplingMask { alternating([dimension]) }

  /// Elements 1, 3, 5 … of an event are kept, in row-major order.
  public static func alternating(_ shape: Shape) -> CouplingMask {
    CouplingMask(shape) { $0 % 2 == 1 }
  }

  /// Every other pixel is kept, as the white squares of a chessboard; the last two axes are rows
  /// and columns.
  public static func checkerboard(_ shape: Shape) -> CouplingMask {
    precondition(
      shape.rank >= 2, "CouplingMask.checkerboard: expected images, got events of shape \(shape)")
    let (rows, columns) = (shape[shape.rank - 2], shape[shape.rank - 1])
    return CouplingMask(shape) { ($0 / columns % rows + $0 % columns) % 2 == 1 }
  }

  /// The first half of the channels is kept; the first axis is that of channels.
  public static func channels(_ shape: Shape) -> CouplingMask {
    precondition(
      shape.rank >= 1 && shape[0] > 1,
      "CouplingMask.channels: expected several channels, got events of shape \(shape)")
    return channels(shape) { $0 < shape[0] / 2 }
  }

  /// Some channels are kept.
  static func channels(_ shape: Shape, where isKept: (Int) -> Bool) -> CouplingMask {
    let size = shape.elementCount / shape[0]
    return CouplingMask(shape) { isKept($0 / size) }
  }

  /// The coordinates given are kept.
  public static func keeping(_ coordinates: [Int], of dimension: Int) -> CouplingMask {
    keeping(coordinates, of: [dimension])
  }

  /// The elements of an event at the given places, in row-major order, are kept.
  public static func keeping(_ elements: [Int], of shape: Shape) -> CouplingMask {
    precondition(
      elements.allSatisfy { $0 >= 0 && $0 < shape.elementCount },
      "CouplingMask: \(elements) are not all among \(shape.elementCount) coordinates")
    return CouplingMask(shape, Set(elements).contains)
  }

  /// The mask that keeps what this one changes.
  public var complement: CouplingMask { CouplingMask(shape) { !isKept[$0] } }
}
