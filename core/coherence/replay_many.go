// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import "context"

// maxReplayed is how many bytes of values one call replays, and one value more: what
// takes longer than the limit of a call would never be made good.
const maxReplayed = 256 << 10

// replayMany makes the first of debts, which are of different keys, good: as many as can
// go in one call of the layer and one message, or the first alone, when its turn comes.
// It stops at one that cannot even be made ready, so that nobody waits for the turns
// of the others longer than for these two.
func (w *Writer) replayMany(ctx context.Context, debts []debt) []error {
	r := repayment{w: w, debts: debts}
	for len(debts) > 1 && len(r.errs) < len(debts) && r.size < maxReplayed && r.take(ctx) {
	}
	if len(r.errs) == 0 {
		return []error{w.replay(ctx, debts[0])}
	}
	r.pay(ctx)
	return r.errs
}

// repayment is debts that are made good together. It has the turns of their keys.
type repayment struct {
	w     *Writer
	debts []debt  // these and more
	errs  []error // what became of each

	turns []string // the keys of these
	puts  []put
	of    []int // whose each of puts is
	size  int   // of what puts store

	news  []telling // what the other nodes are to be told
	about []int     // whose each of news is
}

// take takes the next debt in, with the turn of its key. It returns false if that was the
// last: it could not be made ready, or is not taken in, since somebody else has the turn
// or since it has to be made good alone.
func (r *repayment) take(ctx context.Context) bool {
	i, w := len(r.errs), r.w
	d := r.debts[i]
	told := d.told || w.Shared == nil
	if d.key[0] == 0 || !told && !w.Shared.batches() || !w.Order.take(d.key) {
		return false
	}
	r.turns, r.errs = append(r.turns, d.key), append(r.errs, nil)
	switch {
	case !w.Recovery.still(d):
	case told:
		r.tell(i, telling{kind: d.says, key: d.key, version: d.stands()})
	default:
		p, err := w.asWrite(ctx, d)
		if err != nil {
			r.errs[i] = err
			return false
		}
		r.puts, r.of = append(r.puts, p), append(r.of, i)
		r.size += len(p.payload)
	}
	return true
}

func (r *repayment) tell(i int, t telling) {
	r.news, r.about = append(r.news, t), append(r.about, i)
}

// pay makes good what was taken in, and passes the turns on.
func (r *repayment) pay(ctx context.Context) {
	defer func() {
		for _, key := range r.turns {
			r.w.Order.pass(key)
		}
	}()
	if len(r.puts) > 0 {
		within, cancel := context.WithTimeout(ctx, r.w.Recovery.options.Timeout)
		defer cancel()
		for n, ruled := range r.w.Shared.writeMany(within, r.puts) {
			i := r.of[n]
			news, tell, err := r.w.replayed(r.debts[i], ruled.Ruling, ruled.Err)
			if r.errs[i] = err; tell {
				r.tell(i, news)
			}
		}
	}
	if len(r.news) > 0 && r.w.Notifier != nil {
		within, cancel := context.WithTimeout(ctx, r.w.Recovery.options.Timeout)
		defer cancel()
		for n, err := range r.w.Notifier.sendMany(within, r.news) {
			r.errs[r.about[n]] = err
		}
	}
}
