// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package servers

import (
	"errors"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// StartNATS starts a server within the process, on a free port of this machine. Its
// Shutdown ends it.
func StartNATS() (*server.Server, error) {
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true})
	if err != nil {
		return nil, err
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		s.Shutdown()
		return nil, errors.New("nats-server does not answer")
	}
	return s, nil
}
