internal import CTensorKernels

/// Draws from a key's stream: element i is a function of the key and i alone.
///
/// The key input is a scalar, or one key per row of the outermost axis.
final class RandomOperation: Operation {
  enum Kind: Int32 {
    case bits, uniform, normal
  }

  let kind: Kind
  var name: String { "random \(kind)" }
  var identity: Int { -5001 - Int(kind.rawValue) }

  private init(_ kind: Kind) { self.kind = kind }

  static let bits = RandomOperation(.bits)
  static let uniform = RandomOperation(.uniform)
  static let normal = RandomOperation(.normal)

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] { [nil] }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    precondition(inputs[0].rank == 1, "\(name): draws batched twice")
    return Tensor(
      Node(self, inputs[0].node, shape: [size] + original.shape, dtype: original.dtype))
  }

  func callAsFunction(_ key: RandomKey, _ shape: Shape, _ dtype: DType) -> Tensor {
    Tensor(Node(self, key.tensor.node, shape: shape, dtype: dtype))
  }
}

/// A source of random numbers: the same key always gives the same numbers.
///
/// Keys are values. Two draws from one key are equal; for independent ones derive new keys by
/// `foldIn` or `split`. The bits are Philox 4×32-10's (Salmon et al. 2011), counter-based, so they
/// do not depend on the order, thread or process in which they are drawn.
public struct RandomKey: Sendable {
  /// A scalar int64 tensor.
  package let tensor: Tensor

  package init(tensor: Tensor) { self.tensor = tensor }

  /// The key of a seed; distinct seeds have unrelated streams.
  public init(_ seed: Int) { tensor = Tensor(Int(ctk_fold_in(Int64(seed), 0x5EED))) }

  /// A key derived from this one and a number, such as a step or an index.
  public func foldIn(_ datum: Int) -> RandomKey { foldIn(Tensor(datum)) }

  /// A key derived from this one and a whole number in a tensor.
  public func foldIn(_ datum: Tensor) -> RandomKey {
    RandomKey(tensor: BinaryOperation.foldIn(tensor, datum.cast(to: .int64)))
  }

  /// A key derived from this one and a name, such as a site's.
  public func foldIn(_ name: String) -> RandomKey { foldIn(RandomKey.datum(of: name)) }

  /// `count` keys with unrelated streams.
  public func split(_ count: Int) -> [RandomKey] { (0..<count).map(foldIn) }

  /// The 64-bit FNV-1a hash of a name's UTF-8, the same in every process.
  package static func datum(of name: String) -> Int {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return Int(Int64(bitPattern: hash))
  }

  /// Uniform numbers in the open interval (0, 1).
  public func uniform(_ shape: Shape = [], dtype: DType = .float64) -> Tensor {
    RandomOperation.uniform(self, shape, dtype)
  }

  /// Standard normal numbers.
  public func normal(_ shape: Shape = [], dtype: DType = .float64) -> Tensor {
    RandomOperation.normal(self, shape, dtype)
  }

  /// Sixty-four random bits each, as int64.
  public func bits(_ shape: Shape = []) -> Tensor { RandomOperation.bits(self, shape, .int64) }

  /// The key as a number, where it is not the result of a graph.
  package var hostValue: Int64 { Int64(tensor.intArray()[0]) }

  /// The key of a number, as a value that a graph takes from outside.
  package static func host(_ value: Int64) -> RandomKey {
    RandomKey(tensor: Tensor([Int(value)], shape: []))
  }

  /// `foldIn` computed at once.
  package static func hostFoldIn(_ key: Int64, _ datum: Int) -> Int64 {
    ctk_fold_in(key, Int64(datum))
  }
}
