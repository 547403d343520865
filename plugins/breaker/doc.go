// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package breaker is a plugin that puts a circuit breaker in front of the
// distributed layer and one in front of the backplane, each with its own limits.
// The state machine is that of github.com/sony/gobreaker/v2.
//
// While a layer works its breaker is closed and only counts. Some failures in a
// row open it: calls then fail at once with [ErrOpen] and the layer is left
// alone, so that a dead server costs nobody a timeout. After a pause the next
// call is let through as a probe, one at a time; its success closes the breaker,
// its failure opens it again.
//
// # What counts
//
// An error is a failure, and so is a deadline that ends while the layer is
// working: that is what a hung server looks like. A miss is a success. Neither
// failure nor success are what the caller has caused: its own cancellation, a
// context that was done before the call, an entry that the layer can never hold
// ([core.ErrTooLarge]), a server that is full ([core.ErrNoRoom]), a bad key
// ([core.ErrKey]), and what [LayerOptions].Ignore names. Failures are counted in a
// row, so a layer that fails every other call keeps its breaker closed: half of it
// is still of use.
//
// # A probe cannot hang the breaker
//
// The state machine would wait for ever for a probe that does not end. Here the
// verdict is given in every case, also when the layer panics or ends the
// goroutine; a probe without a deadline gets one; and a probe that has not ended
// by its deadline counts as failed at the next call, even if the layer ignores
// its context and never returns.
//
// # What passes
//
// Subscribe and Ping are not the breaker's business: a subscription has its own
// ways to notice a loss, and a ping asks how the server is now. What a layer does
// as a [core.Arbiter] is behind the same breaker as the rest. Abilities that the
// plugin does not know are hidden, because they would lead around it.
package breaker
