/// Why a sampler has no result.
public enum SamplingError: Error, CustomStringConvertible {
  /// It was interrupted during its warm-up.
  case noDraws

  public var description: String {
    "the run was interrupted during the warm-up, before any draw that counts"
  }
}
