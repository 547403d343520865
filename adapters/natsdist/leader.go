// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsdist

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// stored is the answer of the JetStream API to STREAM.MSG.GET.
type stored struct {
	Error   *jetstream.APIError `json:"error"`
	Message *struct {
		Sequence uint64 `json:"seq"`
		Header   []byte `json:"hdrs"`
		Data     []byte `json:"data"`
	} `json:"message"`
}

// askLeader returns the last message of subject as the leader of the stream
// knows it. Package jetstream asks any replica if the stream allows that, so the
// request is made by hand. It costs more: the value travels as base64 in JSON.
func (b *bucket) askLeader(ctx context.Context, stream jetstream.Stream, subject string) (*jetstream.RawStreamMsg, error) {
	if !stream.CachedInfo().Config.AllowDirect {
		return stream.GetLastMsgForSubject(ctx, subject)
	}
	request, err := json.Marshal(map[string]string{"last_by_subj": subject})
	if err != nil {
		return nil, err
	}
	o := b.js.Options()
	if _, limited := ctx.Deadline(); !limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.DefaultTimeout)
		defer cancel()
	}
	api := cmp.Or(apiPrefix(o), jetstream.DefaultAPIPrefix)
	reply, err := b.js.Conn().RequestWithContext(ctx, api+"STREAM.MSG.GET."+b.config.Name, request)
	if err != nil {
		return nil, err
	}
	return parseStored(reply.Data)
}

func parseStored(data []byte) (*jetstream.RawStreamMsg, error) {
	var answer stored
	if err := json.Unmarshal(data, &answer); err != nil {
		return nil, fmt.Errorf("answer of the leader: %w", err)
	}
	switch {
	case answer.Error != nil && answer.Error.ErrorCode == jetstream.JSErrCodeMessageNotFound:
		return nil, jetstream.ErrMsgNotFound
	case answer.Error != nil:
		return nil, answer.Error
	case answer.Message == nil:
		return nil, jetstream.ErrInvalidJetStreamResponse
	}
	msg := &jetstream.RawStreamMsg{Sequence: answer.Message.Sequence, Data: answer.Message.Data}
	if len(answer.Message.Header) > 0 {
		h, err := nats.DecodeHeadersMsg(answer.Message.Header)
		if err != nil {
			return nil, fmt.Errorf("answer of the leader: %w", err)
		}
		msg.Header = h
	}
	return msg, nil
}
