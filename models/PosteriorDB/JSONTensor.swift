package import PPL

/// A number, a vector, or a matrix as its rows, in a JSON file.
package struct JSONTensor: Decodable, Sendable {
  package let tensor: Tensor

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let number = try? container.decode(Double.self) {
      tensor = Tensor(number)
    } else if let vector = try? container.decode([Double].self) {
      tensor = Tensor(vector)
    } else {
      tensor = stack(try container.decode([[Double]].self).map { Tensor($0) })
    }
  }
}
