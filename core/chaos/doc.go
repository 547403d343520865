// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package chaos has parts that go wrong on purpose: a distributed layer that
// fails, hangs, is slow or garbles its bytes, a backplane that drops, doubles,
// delays and reorders messages, a memory layer that refuses and evicts, a locker
// that fails or hangs, a serializer that makes garbage. They wrap parts that work,
// and serve to try out what a service does when its servers do not.
//
// A [Plan] says what goes wrong and how often. It can be changed at any time, and
// all parts that share it change at once. It is seeded: the outcome of the n-th
// call of a kind (distributed layer, publication, message, Marshal, Unmarshal,
// memory read, memory write, lock) depends on seed and n alone, so a program that
// makes its calls in a fixed order meets the same faults in every run.
//
// The parts leave no goroutine behind and work in a testing/synctest bubble, in
// which the plan has to be made, too. Under a plan without faults they keep the
// contracts of the parts inside.
package chaos
