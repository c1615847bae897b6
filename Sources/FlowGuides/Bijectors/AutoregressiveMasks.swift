import PPL

extension InverseAutoregressive {
  /// Which coordinates the parameters of each coordinate may depend on.
  public var dependencies: Dependencies { network.dependencies }

  /// Which connections the layers of the network have, inputs × outputs. The outputs of the last one
  /// are the first parameter of each coordinate, then the second of each, and so on; a context is
  /// connected to all.
  public var masks: [[[Bool]]] {
    network.perceptron.layers.map { layer in
      guard let mask = layer.mask else { return [] }
      let connections = mask.boolArray()
      return (0..<layer.inputs).map { row in
        Array(connections[row * layer.outputs..<(row + 1) * layer.outputs])
      }
    }
  }
}

extension MaskedAutoregressive {
  /// Which coordinates the parameters of each coordinate may depend on.
  public var dependencies: Dependencies { inverse.dependencies }

  /// Which connections the layers of the network have; see `InverseAutoregressive.masks`.
  public var masks: [[[Bool]]] { inverse.masks }
}

extension Dependencies {
  /// Whether coordinate i depends on coordinate j, at `[i][j]`: what `graph(_:)` takes.
  public var adjacency: [[Bool]] {
    parents.map { parents in (0..<dimension).map(parents.contains) }
  }
}
