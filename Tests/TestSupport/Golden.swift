public import Foundation

/// Values made by other programs, kept in Tests/Golden with the scripts that made them.
public enum Golden {
  /// The folder of golden files.
  public static let folder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Golden")

  /// The folder of posteriordb's data and reference posteriors.
  public static let posteriordb = folder.appending(path: "posteriordb")

  /// A golden file, decoded.
  public static func load<Value: Decodable>(_ name: String, as type: Value.Type) throws -> Value {
    let data = try Data(contentsOf: folder.appending(path: name))
    return try JSONDecoder().decode(type, from: data)
  }

  /// A number; infinities and NaN are written as strings.
  public struct Number: Decodable, Sendable {
    public let value: Double

    public init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let number = try? container.decode(Double.self) {
        value = number
        return
      }
      let text = try container.decode(String.self)
      guard let number = Double(text) else {
        throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(text)")
      }
      value = number
    }
  }
}
