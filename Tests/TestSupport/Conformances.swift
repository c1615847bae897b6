public import Foundation

/// The names of public structs of a folder's Swift files that are declared with one of some protocols.
public func publicStructs(in folder: URL, conformingTo protocols: [String]) throws -> Set<String> {
  let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
  var names: Set<String> = []
  for case let file as URL in files ?? FileManager.DirectoryEnumerator()
  where file.pathExtension == "swift" {
    let text = try String(contentsOf: file, encoding: .utf8)
    for match in text.matches(of: /public struct (\w+)[^:{]*: ([^{]*) \{/) {
      let conformances = match.2.split(separator: ",").map {
        $0.trimmingCharacters(in: .whitespacesAndNewlines)
      }
      if conformances.contains(where: protocols.contains) { names.insert(String(match.1)) }
    }
  }
  return names
}

/// The names of the types of a value and of what it is made of, as far as these are of some kind.
public func typeNames<Kind>(in value: Kind) -> Set<String> {
  Mirror(reflecting: value).children.reduce(into: [String(describing: type(of: value as Any))]) {
    names, child in
    let parts = (child.value as? Kind).map { [$0] } ?? child.value as? [Kind] ?? []
    for part in parts { names.formUnion(typeNames(in: part)) }
  }
}
