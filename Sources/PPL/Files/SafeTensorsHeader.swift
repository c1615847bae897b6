import Foundation
import Tensors

/// The JSON text before the elements: of each tensor the type, the shape and where its elements lie,
/// in bytes after the header; and texts about the file.
struct SafeTensorsHeader: Codable {
  struct Item: Codable {
    let type: String
    let shape: [Int]
    let offsets: [Int]

    enum CodingKeys: String, CodingKey {
      case type = "dtype"
      case shape
      case offsets = "data_offsets"
    }
  }

  private struct Name: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// The name of the texts, which no tensor can have.
  static let metadataName = "__metadata__"
  /// The longest header that the format allows.
  static let lengthLimit = 100_000_000

  var metadata: [String: String] = [:]
  var items: [String: Item] = [:]

  init() {}

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Name.self)
    for name in container.allKeys {
      if name.stringValue == SafeTensorsHeader.metadataName {
        metadata = try container.decodeIfPresent([String: String].self, forKey: name) ?? [:]
      } else {
        items[name.stringValue] = try container.decode(Item.self, forKey: name)
      }
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Name.self)
    try container.encode(metadata, forKey: Name(stringValue: SafeTensorsHeader.metadataName))
    for (name, item) in items { try container.encode(item, forKey: Name(stringValue: name)) }
  }

  // MARK: Layout

  /// A tensor's place in the file.
  struct Place {
    let name: String
    let type: ElementType
    let shape: Shape
    let bytes: Range<Int>
  }

  /// The places of the tensors, in the order in which they lie in the file.
  ///
  /// - Throws: `FileError.malformed` if they do not fill the `byteCount` bytes of elements without
  ///   gaps and overlaps, or a type or shape is not one of a tensor.
  func places(byteCount: Int, _ path: String) throws(FileError) -> [Place] {
    var places: [Place] = []
    for (name, item) in items {
      places.append(try SafeTensorsHeader.place(name, item, byteCount, path))
    }
    places.sort {
      ($0.bytes.lowerBound, $0.bytes.upperBound, $0.name)
        < ($1.bytes.lowerBound, $1.bytes.upperBound, $1.name)
    }
    var end = 0
    for place in places {
      guard place.bytes.lowerBound == end else {
        throw .malformed(
          path,
          reason: """
            damaged: the elements of "\(place.name)" begin at byte \(place.bytes.lowerBound), those \
            before them end at \(end)
            """)
      }
      end = place.bytes.upperBound
    }
    guard end == byteCount else {
      throw .malformed(path, reason: "damaged: the tensors fill \(end) bytes of \(byteCount)")
    }
    return places
  }

  private static func place(
    _ name: String, _ item: Item, _ byteCount: Int, _ path: String
  ) throws(FileError) -> Place {
    let (shape, offsets) = (item.shape, item.offsets)
    guard let type = ElementType(rawValue: item.type) else {
      throw .malformed(path, reason: "\"\(name)\" has elements of type \(item.type); cast it first")
    }
    guard shape.count <= Shape.maximumRank, shape.allSatisfy({ (0...Int(Int32.max)).contains($0) })
    else { throw .malformed(path, reason: "\"\(name)\" has the shape \(shape), none of a tensor") }
    guard offsets.count == 2, 0 <= offsets[0], offsets[0] <= offsets[1], offsets[1] <= byteCount
    else {
      throw .malformed(
        path,
        reason: "truncated or damaged: \"\(name)\" lies at \(offsets) of \(byteCount) bytes")
    }
    var size = type.byteCount
    var overflows = false
    for extent in shape where !overflows {
      (size, overflows) = size.multipliedReportingOverflow(by: extent)
    }
    guard !overflows, size == offsets[1] - offsets[0] else {
      throw .malformed(
        path,
        reason: """
          damaged: "\(name)" of type \(item.type) and shape \(shape) cannot take \
          \(offsets[1] - offsets[0]) bytes
          """)
    }
    return Place(name: name, type: type, shape: Shape(shape), bytes: offsets[0]..<offsets[1])
  }
}
