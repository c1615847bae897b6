public import Foundation
public import PPL

/// A model with real data, and its posterior as posteriordb has it (Magnusson et al. 2025): means,
/// standard deviations and quantiles over 10,000 draws that were checked to be as good as
/// independent.
public struct ReferencePosterior: Sendable {
  /// Its name in posteriordb.
  public let name: String
  public let model: @Sendable () -> Void
  /// One row for each parameter, named as the model's own summary names it.
  public let reference: Summary
}

/// Posteriors of posteriordb, <https://github.com/stan-dev/posteriordb>.
public enum PosteriorDB {
  /// The posteriors there are models for.
  public static var names: [String] { builders.keys.sorted() }

  /// Reads a posterior's data and reference from `folder/name.json`.
  ///
  /// - Throws: `PosteriorDBError` if there is no model of that name or the data lack something;
  ///   what Foundation throws if the file cannot be read.
  public static func load(_ name: String, from folder: URL) throws -> ReferencePosterior {
    guard let build = builders[name] else { throw PosteriorDBError.unknownName(name) }
    let file = try Data(contentsOf: folder.appending(path: "\(name).json"))
    let contents = try JSONDecoder().decode(Contents.self, from: file)
    let built = try build(PosteriorData(name: name, values: contents.data))
    let rows = contents.reference.map { parameter, row in
      let parameter = zeroBased(parameter)
      return Summary.Row(
        built.names[parameter] ?? parameter, row.mean, row.sd, [row.q05, row.q50, row.q95])
    }
    return ReferencePosterior(
      name: name, model: built.model, reference: Summary(rows.sorted { $0.name < $1.name }))
  }

  /// Stan counts from 1: `beta[1]` is `beta[0]` here.
  private static func zeroBased(_ parameter: String) -> String {
    guard let open = parameter.firstIndex(of: "["),
      let number = Int(parameter[open...].dropFirst().dropLast())
    else { return parameter }
    return "\(parameter[..<open])[\(number - 1)]"
  }

  private struct Contents: Decodable {
    struct Row: Decodable {
      let mean, sd, q05, q50, q95: Double
    }

    let data: [String: JSONTensor]
    let reference: [String: Row]
  }
}

/// The data of a posterior by name.
struct PosteriorData {
  let name: String
  let values: [String: JSONTensor]

  func callAsFunction(_ variable: String) throws -> Tensor {
    guard let value = values[variable] else {
      throw PosteriorDBError.missingVariable(variable, posterior: name)
    }
    return value.tensor
  }
}

/// Why a posterior could not be loaded.
public enum PosteriorDBError: Error, CustomStringConvertible {
  case unknownName(String)
  case missingVariable(String, posterior: String)

  public var description: String {
    switch self {
    case .unknownName(let name):
      "no model for the posterior \"\(name)\"; there are \(PosteriorDB.names.joined(separator: ", "))"
    case .missingVariable(let variable, let posterior):
      "the data of \"\(posterior)\" have no \"\(variable)\""
    }
  }
}
