// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsstream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// batch is how many messages one question asks for.
	batch = 256

	// askEvery is how long a question waits for messages, answerWithin how much
	// longer its answer may take.
	askEvery     = time.Second
	answerWithin = time.Second

	// forgetAfter is how long the server keeps a consumer that asks no more.
	forgetAfter = 10 * time.Second
)

// ErrStalled is wrapped by the error of Subscribe when the server did not answer
// on a connection that looks good, until the end of [Options].Repair.
var ErrStalled = errors.New("server does not answer")

// reader is a consumer of the stream, and the inbox into which it delivers. The
// consumers of the library hide what has to be known here: what the server
// answers, and when it does not.
type reader struct {
	*Backplane
	name  string
	next  string // subject of the questions for more
	inbox *nats.Subscription
	msgs  chan *nats.Msg
	open  int // messages that were asked for and have not come
}

// newReader returns a reader that begins with the message start.
func (b *Backplane) newReader(ctx context.Context, start uint64) (*reader, error) {
	consumer, err := b.js.CreateConsumer(ctx, b.config.Name, jetstream.ConsumerConfig{
		AckPolicy:         jetstream.AckNonePolicy,
		DeliverPolicy:     jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:       start,
		InactiveThreshold: forgetAfter,
		MemoryStorage:     true,
		Replicas:          1,
	})
	if err != nil {
		return nil, err
	}
	r := &reader{Backplane: b, name: consumer.CachedInfo().Name, msgs: make(chan *nats.Msg, 2*batch)}
	r.next = apiPrefix(b.js.Options()) + "CONSUMER.MSG.NEXT." + b.config.Name + "." + r.name
	r.inbox, err = b.js.Conn().ChanSubscribe(b.js.Conn().NewInbox(), r.msgs)
	if err != nil {
		r.delete(ctx)
		return nil, err
	}
	return r, nil
}

// apiPrefix begins the subjects of the API, that of another account or domain
// perhaps.
func apiPrefix(o jetstream.JetStreamOptions) string {
	if o.Domain != "" {
		return "$JS." + o.Domain + ".API."
	}
	return strings.TrimSuffix(cmp.Or(o.APIPrefix, jetstream.DefaultAPIPrefix), ".") + "."
}

// close ends the inbox, and the consumer if the server answers.
func (r *reader) close(ctx context.Context) {
	_ = r.inbox.Unsubscribe() // fails only if it has ended otherwise
	r.delete(ctx)
}

func (r *reader) delete(ctx context.Context) {
	if r.link.Err() != nil {
		return // the server will forget it by itself
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerWithin/4)
	defer cancel()
	_ = r.js.DeleteConsumer(ctx, r.config.Name, r.name)
}

// ask asks for more messages unless it has done so.
func (r *reader) ask() error {
	if r.open > 0 {
		return nil
	}
	question := fmt.Sprintf(`{"batch":%d,"expires":%d}`, batch, askEvery)
	if err := r.js.Conn().PublishRequest(r.next, r.inbox.Subject, []byte(question)); err != nil {
		return err
	}
	r.open = batch
	return nil
}

// sort reports whether msg is a message of the stream, as opposed to an answer to
// a question. It may be an error.
func (r *reader) sort(msg *nats.Msg) (meta *nats.MsgMetadata, err error) {
	if msg.Reply != "" {
		r.open--
		return msg.Metadata()
	}
	switch status := msg.Header.Get("Status"); status {
	case "100": // a sign of life
	case "404", "408": // nothing has come, or not as many as asked for
		r.open = 0
	default:
		return nil, fmt.Errorf("consumer ended: %s %s", status, msg.Header.Get("Description"))
	}
	return nil, nil
}
