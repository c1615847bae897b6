import Foundation

/// The memory the process holds, from the system's account of it, in bytes.
public func residentBytes() -> Int {
  #if os(Linux)
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    guard let pages = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
      fatalError("no count of resident pages in /proc/self/statm: \(text)")
    }
    return pages * sysconf(Int32(_SC_PAGESIZE))
  #else
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(filePath: "/bin/ps")
    process.arguments = ["-o", "rss=", "-p", "\(ProcessInfo.processInfo.processIdentifier)"]
    process.standardOutput = pipe
    do { try process.run() } catch { fatalError("\(error)") }
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard let kilobytes = Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
      fatalError("no resident size from ps: \(text)")
    }
    return kilobytes * 1024
  #endif
}
