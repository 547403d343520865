// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package slogplug is a plugin that writes what happens in a stack to log/slog.
//
// By default it is quiet while all is well: what every request causes (hits,
// misses, writes, loads) is not logged and costs nothing, because the plugin
// does not even listen for it. Failures, possible gaps and changes of a breaker
// are warnings. [Options].Levels changes that for each kind of event.
//
// # An outage does not flood the log
//
// Of each kind of event, and each level of the stack, only the first few in a
// window of time are written. When the window ends, one more record says how
// many were left out.
//
// # What is never logged
//
// Values are not in events, so they cannot get into the log. Keys often hold
// personal data: they are shown as a salted hash, also where the text of an
// error repeats them, unless [Options] says otherwise. The salt is chosen anew
// for each plugin, so a hash tells events of one process apart and no more.
// What else the error of a factory says is the factory's own affair.
//
// # Attributes
//
// A record has those that apply: stack, layer ("memory", "distributed",
// "backplane", "factory", "lock"), op, key, took, detail, error, and, in the summary at
// the end of a window, suppressed.
package slogplug
