#if NetCDF
  import CNetCDF
  import Foundation
  import Tensors

  extension InferenceData {
    /// Writes a netCDF-4 file that ArviZ opens. A `/` in a site's name becomes a dot.
    ///
    /// - Throws: `FileError.cannotWrite`; what was at the path before is then untouched.
    public func write(to path: String) throws {
      let image = try NetCDFImage(path: path)
      for (group, variables) in groups {
        let id = try image.group(group.rawValue)
        for variable in variables { try image.declare(variable, in: id) }
        for variable in variables { try image.fill(variable, in: id) }
      }
      let bytes = try image.close()
      defer { free(bytes.baseAddress) }
      try AtomicFile.write(to: path) { (file) throws(FileError) in
        try file.append(UnsafeRawBufferPointer(bytes))
      }
    }
  }

  /// The library keeps state of its own and may be used by one thread at a time.
  private let libraryLock = NSRecursiveLock()

  /// A file being made in memory.
  private final class NetCDFImage {
    private let path: String
    private var file: Int32 = 0
    private var isOpen = true

    init(path: String) throws(FileError) {
      self.path = path
      libraryLock.lock()
      do throws(FileError) {
        try check(nc_create_mem("inference-data", NC_NETCDF4, 1 << 16, &file))
      } catch {
        isOpen = false
        libraryLock.unlock()
        throw error
      }
    }

    deinit {
      if isOpen {
        nc_abort(file)
        libraryLock.unlock()
      }
    }

    private func check(_ status: Int32) throws(FileError) {
      guard status != NC_NOERR else { return }
      throw .cannotWrite(path, reason: String(cString: nc_strerror(status)))
    }

    func group(_ name: String) throws(FileError) -> Int32 {
      var group: Int32 = 0
      try check(nc_def_grp(file, name, &group))
      let library = "swift-ppl"
      try check(nc_put_att_text(group, NC_GLOBAL, "inference_library", library.utf8.count, library))
      return group
    }

    /// Declares a variable, and its dimensions with their coordinates 0, 1, …
    func declare(_ variable: InferenceData.Variable, in group: Int32) throws(FileError) {
      var dimensions: [Int32] = []
      for (name, extent) in zip(variable.dimensions, variable.values.shape) {
        dimensions.append(try dimension(NetCDFImage.name(name), extent, in: group))
      }
      let name = NetCDFImage.name(variable.name)
      let type = variable.values.dtype.netCDFType
      var id: Int32 = 0
      try check(nc_def_var(group, name, type, Int32(dimensions.count), dimensions, &id))
      // As xarray marks truth values, for which the format has no type.
      if variable.values.dtype == .bool {
        try check(nc_put_att_text(group, id, "dtype", 4, "bool"))
      }
    }

    private func dimension(
      _ name: String, _ extent: Int, in group: Int32
    ) throws(FileError) -> Int32 {
      var id: Int32 = 0
      if nc_inq_dimid(group, name, &id) == NC_NOERR { return id }
      var coordinate: Int32 = 0
      try check(nc_def_dim(group, name, extent, &id))
      try check(nc_def_var(group, name, NC_INT64, 1, &id, &coordinate))
      let positions = (0..<extent).map { Int64($0) }
      try check(nc_put_var(group, coordinate, positions))
      return id
    }

    func fill(_ variable: InferenceData.Variable, in group: Int32) throws(FileError) {
      var id: Int32 = 0
      try check(nc_inq_varid(group, NetCDFImage.name(variable.name), &id))
      let storage = variable.values.evaluated()
      try check(nc_put_var(group, id, storage.pointer))
      withExtendedLifetime(storage) {}
    }

    /// Ends the file; its bytes are the caller's to free.
    func close() throws(FileError) -> UnsafeMutableRawBufferPointer {
      var memory = NC_memio()
      isOpen = false
      defer { libraryLock.unlock() }
      try check(nc_close_memio(file, &memory))
      return UnsafeMutableRawBufferPointer(start: memory.memory, count: memory.size)
    }

    private static func name(_ name: String) -> String {
      String(name.map { $0 == "/" ? "." : $0 })
    }
  }

  extension DType {
    fileprivate var netCDFType: nc_type {
      switch self {
      case .float64: NC_DOUBLE
      case .float32: NC_FLOAT
      case .int64: NC_INT64
      case .bool: NC_BYTE
      }
    }
  }
#else
  extension InferenceData {
    @available(*, unavailable, message: "build with the package trait NetCDF: --traits NetCDF")
    public func write(to path: String) throws {}
  }
#endif
