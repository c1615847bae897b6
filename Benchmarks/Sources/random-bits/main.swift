import Foundation
import Tensors

// Usage: random-bits stream|keys [SEED]
//
// Writes raw random bits to standard output until nobody reads them: those of one key after another
// in order ("stream"), or the first 64 bits of each of the keys folded from one ("keys"), which
// shows whether neighbouring keys are independent.

let arguments = CommandLine.arguments
guard arguments.count > 1, ["stream", "keys"].contains(arguments[1]) else {
  FileHandle.standardError.write(Data("usage: random-bits stream|keys [SEED]\n".utf8))
  exit(2)
}
let key = RandomKey(arguments.count > 2 ? Int(arguments[2]) ?? 0 : 0)
let isStream = arguments[1] == "stream"
let size = isStream ? 1 << 20 : 512
let block = try compile(for: [Tensor(Int.zero)]) { inputs in
  let number = inputs[0]
  if isStream { return [key.foldIn(number).bits([size])] }
  return [stack((0..<size).map { key.foldIn(number * Tensor(size) + Tensor($0)).bits([]) })]
}
for number in 0... {
  let bits = block([Tensor(number)])[0].intArray()
  let written = bits.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
  if written <= 0 { break }
}
