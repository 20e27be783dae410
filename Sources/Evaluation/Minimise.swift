// Limited-memory BFGS with back-tracking (Nocedal and Wright, Numerical Optimization, algorithms 7.4 and 7.5): enough for a
// smooth convex function of a hundred thousand weights.

/// The weights at which `function` is least, from 0.
/// - Parameters:
///   - columns: four weights each.
///   - function: gives back the value and fills in the gradient.
func minimise(columns: Int, iterations: Int, _ function: ([Double], inout [Double]) -> Double) -> [Double] {
    let memory = 8
    var weights = [Double](repeating: 0, count: 4 * columns)
    var gradient = weights
    var value = function(weights, &gradient)
    var history: [(step: [Double], change: [Double], curvature: Double)] = []
    for _ in 0..<iterations {
        let direction = descent(gradient, history)
        let slope = dot(gradient, direction)
        guard slope < 0 else { break }
        var length = history.isEmpty ? 1 / max(1, dot(gradient, gradient).squareRoot()) : 1
        var next = weights, nextGradient = gradient, nextValue = value
        var isLower = false
        for _ in 0..<30 {
            for index in weights.indices { next[index] = weights[index] + length * direction[index] }
            nextValue = function(next, &nextGradient)
            isLower = nextValue <= value + 1e-4 * length * slope
            if isLower { break }
            length /= 2
        }
        guard isLower else { break }
        var step = next, change = nextGradient
        for index in step.indices {
            step[index] -= weights[index]
            change[index] -= gradient[index]
        }
        let curvature = dot(step, change)
        if curvature > 1e-12 {
            history.append((step, change, curvature))
            if history.count > memory { history.removeFirst() }
        }
        let gain = value - nextValue
        (weights, gradient, value) = (next, nextGradient, nextValue)
        if gain <= 1e-7 * abs(value) { break }
    }
    return weights
}

/// Where to go from here: the two loops over the history.
private func descent(
    _ gradient: [Double], _ history: [(step: [Double], change: [Double], curvature: Double)]
) -> [Double] {
    var direction = gradient
    var factors: [Double] = []
    for entry in history.reversed() {
        let factor = dot(entry.step, direction) / entry.curvature
        factors.append(factor)
        for index in direction.indices { direction[index] -= factor * entry.change[index] }
    }
    if let last = history.last {
        let scale = last.curvature / dot(last.change, last.change)
        for index in direction.indices { direction[index] *= scale }
    }
    for (entry, factor) in zip(history, factors.reversed()) {
        let correction = factor - dot(entry.change, direction) / entry.curvature
        for index in direction.indices { direction[index] += correction * entry.step[index] }
    }
    for index in direction.indices { direction[index] = -direction[index] }
    return direction
}

private func dot(_ left: [Double], _ right: [Double]) -> Double {
    var sum = 0.0
    for index in left.indices { sum += left[index] * right[index] }
    return sum
}
