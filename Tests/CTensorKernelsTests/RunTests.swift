import CTensorKernels
import Testing

extension RuntimeTests {
  @Suite struct RunTests {
    /// d[i] = start + i
    static let iota: ctk_fn = { i in
      let i = i!.pointee
      let d = UnsafeMutableRawPointer(i.d!).assumingMemoryBound(to: Double.self)
      for e in 0..<Int(i.n) { d[e] = Double(Int(i.start) + e) }
    }
    /// d[i] = 2 a[i] + b[i]
    static let combine: ctk_fn = { i in
      let i = i!.pointee
      let d = UnsafeMutableRawPointer(i.d!).assumingMemoryBound(to: Double.self)
      let a = UnsafeRawPointer(i.a!).assumingMemoryBound(to: Double.self)
      let b = UnsafeRawPointer(i.b!).assumingMemoryBound(to: Double.self)
      for e in 0..<Int(i.n) { d[e] = 2 * a[e] + b[e] }
    }
    /// d[0] = 10 d[0] + n
    static let append: ctk_fn = { i in
      let d = UnsafeMutableRawPointer(i!.pointee.d!).assumingMemoryBound(to: Double.self)
      d[0] = 10 * d[0] + Double(i!.pointee.n)
    }

    @Test func instructionsRunInOrder() {
      var value = 0.0
      withUnsafeMutableBytes(of: &value) { value in
        let program = (1...5).map { k in
          var i = ctk_instr()
          i.fn = Self.append
          i.n = Int64(k)
          i.d = value.baseAddress!.assumingMemoryBound(to: CChar.self)
          return i
        }
        ctk_run(program, 5)
        ctk_run(program, 0)
      }
      #expect(value == 12345)
    }

    static func run(_ loops: UnsafePointer<ctk_loop_desc>, count: Int, parallel: Bool) {
      var all = ctk_loops_desc(loops: loops, count: Int64(count), parallel: parallel ? 1 : 0)
      withUnsafePointer(to: &all) { all in
        var instruction = ctk_instr()
        instruction.x = UnsafeRawPointer(all)
        ctk_loops(&instruction)
      }
    }

    /// Through a scratch block per thread to an output and a partial sum per chunk.
    static func loop(_ b: [Double], block: Int, chunk: Int, parallel: Bool) throws -> [Double] {
      let n = b.count
      let chunks = (n + chunk - 1) / chunk
      var d = [Double](repeating: .nan, count: n + chunks)
      let scratch = UnsafeMutableRawPointer.allocate(
        byteCount: Int(CTK_MAX_THREADS) * block * 8, alignment: 8)
      defer { scratch.deallocate() }
      let own = Int32(block * 8)
      let block64 = scratch.assumingMemoryBound(to: CChar.self)
      d.withUnsafeMutableBytes { d in
        b.withUnsafeBytes { b in
          let out = d.baseAddress?.assumingMemoryBound(to: CChar.self)
          var load = ctk_instr()
          var mix = ctk_instr()
          var sum = ctk_instr()
          load.fn = Self.iota
          load.d = block64
          load.perThread.0 = own
          mix.fn = Self.combine
          mix.d = out
          mix.a = UnsafePointer(block64)
          mix.b = b.baseAddress?.assumingMemoryBound(to: CChar.self)
          mix.step = (8, 0, 8, 0)
          mix.perThread.1 = own
          sum.fn = ctk_reduce_all(Int32(CTK_SUM), Int32(CTK_F64))
          sum.d = out.map { $0 + n * 8 }
          sum.a = UnsafePointer(out)
          sum.step.1 = 8
          sum.dPerChunk = 8
          let body = [load, mix, sum]
          body.withUnsafeBufferPointer { body in
            var desc = ctk_loop_desc(
              body: body.baseAddress, count: 3, n: Int64(n), block: Int64(block),
              chunk: Int64(chunk), firstChunk: 0)
            Self.run(&desc, count: 1, parallel: parallel)
          }
        }
      }
      return d
    }

    @Test(arguments: [0, 1, 7, 511, 512, 513, 2047, 2048, 2049, 4096, 10_000])
    func blocksAndChunks(n: Int) throws {
      var r = SplitMix(UInt64(n))
      let b = r.array(n, of: Double.self)
      let expected = (0..<n).map { 2 * Double($0) + b[$0] }
      for (block, chunk) in [(512, 2048), (3, 10), (512, 500), (64, 64)] {
        for parallel in [false, true] {
          let d = try onAnyThreads {
            try Self.loop(b, block: block, chunk: chunk, parallel: parallel)
          }
          #expect(Array(d[..<n]) == expected)
          for (c, sum) in d[n...].enumerated() {
            let part = expected[(c * chunk)..<min((c + 1) * chunk, n)]
            #expect(abs(sum - part.reduce(0, +)) <= 1e-12 * part.reduce(0) { $0 + abs($1) })
          }
        }
      }
    }

    /// Every chunk belongs to its loop.
    @Test func besideEachOther() throws {
      let counts = [5, 3000, 1, 700, 64, 65]
      var r = SplitMix(3)
      let sources = counts.map { r.array($0, of: Double.self) }
      let copies = onAnyThreads {
        var result = [Double](repeating: .nan, count: counts.reduce(0, +))
        result.withUnsafeMutableBytes { result in
          var target = result.baseAddress!.assumingMemoryBound(to: CChar.self)
          let pointers = sources.map { source in
            let pointer = UnsafeMutablePointer<Double>.allocate(capacity: source.count)
            pointer.initialize(from: source, count: source.count)
            return pointer
          }
          defer { for pointer in pointers { pointer.deallocate() } }
          let bodies = zip(counts, pointers).map { count, pointer in
            var copy = ctk_instr()
            copy.fn = ctk_copy(Int32(CTK_F64))
            copy.d = target
            copy.a = UnsafeRawPointer(pointer).assumingMemoryBound(to: CChar.self)
            copy.step = (8, 8, 0, 0)
            target += 8 * count
            return copy
          }
          bodies.withUnsafeBufferPointer { bodies in
            var chunks = 0
            var loops = counts.indices.map { number in
              defer { chunks += (counts[number] + 63) / 64 }
              return ctk_loop_desc(
                body: bodies.baseAddress! + number, count: 1, n: Int64(counts[number]), block: 24,
                chunk: 64, firstChunk: Int64(chunks))
            }
            Self.run(&loops, count: loops.count, parallel: true)
          }
        }
        return result
      }
      #expect(copies == sources.flatMap { $0 })
    }

    /// More instructions than any fixed buffer would hold.
    @Test func longBody() {
      var value = [Double](repeating: 0, count: 300)
      value.withUnsafeMutableBytes { value in
        let base = value.baseAddress!.assumingMemoryBound(to: CChar.self)
        let body = (0..<300).map { k in
          var i = ctk_instr()
          i.fn = Self.append
          i.d = base + k * 8
          return i
        }
        body.withUnsafeBufferPointer { body in
          var desc = ctk_loop_desc(
            body: body.baseAddress, count: 300, n: 12, block: 5, chunk: 12, firstChunk: 0)
          Self.run(&desc, count: 1, parallel: true)
        }
      }
      #expect(value.allSatisfy { $0 == 552 })
    }
  }
}
