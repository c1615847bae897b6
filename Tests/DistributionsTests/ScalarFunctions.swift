import Foundation

func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
func logOdds(_ p: Double) -> Double { log(p) - log1p(-p) }
