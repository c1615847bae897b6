import FlowGuides
import Foundation

/// Resident memory over a million compiled steps and a hundred thousand eager ones, at ten
/// checkpoints each, in megabytes. At the second, every plan and buffer has been made and once been
/// given back.
///
/// - Returns: whether memory stayed flat: no more than a megabyte above the second checkpoint.
func watchMemory(_ workload: Workload, _ dtype: DType) throws -> Bool {
  let svi = try workload.makeSVI(dtype)
  let compiled = try checkpoints("compiled", 1_000_000) { steps in
    try svi.run(steps: steps, showsProgress: false)
  }
  let eager = try checkpoints("step", 100_000) { steps in
    for _ in 0..<steps { try svi.step() }
  }
  return compiled < 1 && eager < 1
}

/// The growth from the second checkpoint to the last.
private func checkpoints(
  _ mode: String, _ steps: Int, _ run: (Int) throws -> Void
) rethrows -> Double {
  var resident: [Double] = []
  for number in 1...10 {
    try run(steps / 10)
    resident.append(residentMegabytes())
    print(String(format: "%@ %8d steps %8.2f MB", mode, number * steps / 10, resident[number - 1]))
  }
  return resident[9] - resident[1]
}

/// The memory this process holds now.
private func residentMegabytes() -> Double {
  #if os(Linux)
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    let pages = text.split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? .nan
    return pages * Double(sysconf(Int32(_SC_PAGESIZE))) / 1e6
  #else
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(filePath: "/bin/ps")
    process.arguments = ["-o", "rss=", "-p", "\(ProcessInfo.processInfo.processIdentifier)"]
    process.standardOutput = pipe
    guard (try? process.run()) != nil else { return .nan }
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (Double(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? .nan) * 1024 / 1e6
  #endif
}
