/// Gives the statements of a model a meaning: records them, supplies their values, hides them.
///
/// A site passes the handlers from the innermost to the outermost (`process`), gets a value if none
/// supplied one, and passes the same handlers back (`postprocess`). A handler that sets
/// `site.isHidden` ends the way out; those outside never see the site.
///
/// To write one, conform a type and install it with `handle(_:with:)`. State that changes while
/// the model runs goes behind a lock, in a class.
public protocol Handler: Sendable {
  func process(_ site: inout Site)
  func postprocess(_ site: inout Site)
}

extension Handler {
  public func process(_ site: inout Site) {}
  public func postprocess(_ site: inout Site) {}
}

extension Handler {
  /// The same handler, if it is of this very type. A plain cast costs ten times as much where it
  /// fails, and every plate of a model asks.
  func `as`<Wanted: Handler>(_ wanted: Wanted.Type) -> Wanted? {
    ObjectIdentifier(Self.self) == ObjectIdentifier(wanted) ? self as? Wanted : nil
  }
}

/// The handlers in force: the only ambient state of the library. Immutable; each frame knows the
/// one outside it.
package final class HandlerFrame: Sendable {
  package let handler: any Handler
  package let parent: HandlerFrame?

  @TaskLocal package static var current: HandlerFrame?

  init(_ handler: any Handler, parent: HandlerFrame?) {
    self.handler = handler
    self.parent = parent
  }

  /// Visits the handlers in force, innermost first.
  static func visit(_ body: (any Handler) -> Void) {
    var frame = current
    while let visited = frame {
      body(visited.handler)
      frame = visited.parent
    }
  }

  /// Visits the handlers in force that are of one type, innermost first.
  static func visit<Wanted: Handler>(_ type: Wanted.Type, _ body: (Wanted) -> Void) {
    visit { handler in
      if let handler = handler.as(Wanted.self) { body(handler) }
    }
  }
}

/// A handler that only supplies random keys. Sites that are hidden from it get them all the same.
protocol KeySource: Handler {}

/// Runs `body` with a handler installed inside those in force.
///
/// Tasks started in `body` with `async let` or a task group inherit the handler; detached tasks and
/// dispatch queues do not.
public func handle<Result>(
  _ body: () throws -> Result, with handler: any Handler
) rethrows -> Result {
  try HandlerFrame.$current.withValue(HandlerFrame(handler, parent: HandlerFrame.current)) {
    try body()
  }
}

/// Sends a site through the handlers and back; afterwards it has a value.
func apply(_ site: inout Site) {
  guard let innermost = HandlerFrame.current else {
    preconditionFailure(
      """
      \(site.kind) site "\(site.name)" outside any handler: run the model through inference, or \
      draw from it with seeded(key:) { … }
      """)
  }
  pass(&site, innermost)
}

/// Out through a frame and those outside it, and back.
private func pass(_ site: inout Site, _ frame: HandlerFrame) {
  frame.handler.process(&site)
  if site.isHidden {
    finish(&site, frame.parent)
  } else {
    passOutside(&site, frame)
  }
  frame.handler.postprocess(&site)
}

/// Out through the frames outside one, and back.
private func passOutside(_ site: inout Site, _ frame: HandlerFrame) {
  if let parent = frame.parent { pass(&site, parent) } else { finish(&site, nil) }
}

/// Gives a site a value if it has none, with a key from the frames that it did not reach.
private func finish(_ site: inout Site, _ unreached: HandlerFrame?) {
  if site.kind == .sample { site.requireFit() }
  guard site.value == nil else { return }
  var frame = unreached
  while let current = frame, site.key == nil {
    if current.handler is any KeySource { current.handler.process(&site) }
    frame = current.parent
  }
  draw(&site)
}

/// Sends a copy of the site that a handler is processing through the handlers outside it, and back.
func sendOn(_ site: inout Site, from handler: some Handler & AnyObject) {
  var frame = HandlerFrame.current
  while let current = frame {
    if current.handler as AnyObject === handler { return passOutside(&site, current) }
    frame = current.parent
  }
}

/// Draws the value of a sample site from its distribution.
private func draw(_ site: inout Site) {
  switch site.kind {
  case .sample:
    guard let distribution = site.distribution else { return }
    let key = requireKey(site)
    if site.wantsScore {
      let draw = distribution.sampleWithScore([], key: key, dtype: site.dtype)
      (site.value, site.logProb, site.score) = (draw.value, draw.logProb, draw.score)
    } else {
      let (value, logProb) = distribution.sampleAndLogProb([], key: key, dtype: site.dtype)
      (site.value, site.logProb) = (value, logProb)
    }
    if site.usesScoreFunction { site.detach() }
  case .param, .mutable:
    let initial = site.declaration?.initialValue(site.key ?? RandomKey(0).foldIn(site.name))
    // An inference has its parameters in one dtype, from the first run on.
    let isCast = site.kind == .param && initial?.dtype.isFloat == true
    site.value = isCast ? initial?.cast(to: site.givenDType ?? initial?.dtype ?? .float64) : initial
  case .plate: site.value = site.declaration?.initialValue(requireKey(site))
  case .deterministic, .factor, .assignment: break
  }
}

private func requireKey(_ site: Site) -> RandomKey {
  guard let key = site.key else {
    preconditionFailure(
      """
      \(site.kind) site "\(site.name)" has no random key: run the model through inference, or \
      draw from it with seeded(key:) { … }
      """)
  }
  return key
}
