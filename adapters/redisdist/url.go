// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisdist

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// address is what a URL says.
type address struct {
	tls, unix          bool
	username, password string
	addrs              []string // host:port each, or the path of one socket
	db                 int
	master             string
	cluster            bool
}

// The default ports.
const (
	serverPort   = "6379"
	sentinelPort = "26379"
)

var errNotEncoded = errors.New("a special character in user name or password must be percent-encoded")

// parseURL takes raw apart. It does so by hand because net/url knows only one
// host, and because no error may repeat a piece of raw: with a special character
// in the password, any piece may be a part of it.
func parseURL(raw string) (address, error) {
	var at address
	scheme, rest, _ := strings.Cut(raw, "://")
	switch strings.ToLower(scheme) {
	case "redis":
	case "rediss":
		at.tls = true
	case "unix":
		at.unix = true
	default:
		return at, errors.New("must begin with redis://, rediss:// or unix://")
	}
	if strings.ContainsFunc(rest, notPrintable) {
		return at, errors.New("has a space or an unprintable character; is there a line break at its end?")
	}
	authority, tail := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, tail = rest[:i], rest[i:]
	}
	if strings.ContainsAny(tail, "#@") {
		return at, errNotEncoded
	}
	hosts := authority
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		hosts = authority[i+1:]
		if err := at.setUser(authority[:i]); err != nil {
			return at, err
		}
	}
	path, query, _ := strings.Cut(tail, "?")
	return at, at.setPlace(hosts, path, query)
}

func (at *address) setPlace(hosts, path, query string) error {
	if err := at.setQuery(query); err != nil {
		return err
	}
	if at.unix {
		return at.setSocket(hosts, path)
	}
	if err := at.setHosts(hosts); err != nil {
		return err
	}
	return at.setDatabase(path)
}

func (at *address) setUser(info string) error {
	name, password, ok := strings.Cut(info, ":")
	if !ok || password == "" {
		return errors.New("user without a password; a password alone is written :password@")
	}
	var err1, err2 error
	at.username, err1 = url.PathUnescape(name)
	at.password, err2 = url.PathUnescape(password)
	if err1 != nil || err2 != nil || strings.Contains(info, "@") {
		return errNotEncoded
	}
	return nil
}

// setQuery reads the parameters. It names known ones only.
func (at *address) setQuery(query string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return errors.New("parameters after ? are malformed")
	}
	for name, value := range values {
		if len(value) != 1 || value[0] == "" {
			return errors.New("each parameter after ? needs one value")
		}
		switch name {
		case "db":
			at.db, err = database(value[0])
		case "master":
			at.master = value[0]
		case "cluster":
			at.cluster, err = strconv.ParseBool(value[0])
			if err != nil {
				err = errors.New("cluster must be true or false")
			}
		default:
			err = errors.New("unknown parameter after ?; known are db, master and cluster")
		}
		if err != nil {
			return err
		}
	}
	if at.master != "" && at.cluster {
		return errors.New("master and cluster exclude each other")
	}
	return nil
}

func (at *address) setSocket(hosts, path string) error {
	file, err := url.PathUnescape(path)
	switch {
	case hosts != "" || err != nil || len(file) < 2:
		return errors.New("of a socket must have the form unix:///path/to/socket")
	case at.master != "" || at.cluster:
		return errors.New("of a socket takes neither master nor cluster")
	}
	at.addrs = []string{file}
	return nil
}

func (at *address) setHosts(hosts string) error {
	if hosts == "" {
		return errors.New("host is missing")
	}
	port := serverPort
	if at.master != "" {
		port = sentinelPort
	}
	for i, host := range strings.Split(hosts, ",") {
		addr, err := hostPort(host, port)
		if err != nil {
			return fmt.Errorf("host %d: %w", i+1, err)
		}
		at.addrs = append(at.addrs, addr)
	}
	return nil
}

func (at *address) setDatabase(path string) error {
	if path = strings.TrimPrefix(path, "/"); path != "" {
		db, err := database(path)
		if err != nil {
			return err
		}
		if at.db != 0 && at.db != db {
			return errors.New("database is given twice")
		}
		at.db = db
	}
	cluster := at.cluster || (len(at.addrs) > 1 && at.master == "")
	if cluster && at.db != 0 {
		return errors.New("a cluster has no database but 0")
	}
	return nil
}

func database(s string) (int, error) {
	db, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return 0, errors.New("database must be a number")
	}
	return int(db), nil
}

// hostPort returns s, or s with port if it has none, in the form for dialling.
func hostPort(s, port string) (string, error) {
	host := s
	if i := strings.LastIndexByte(s, ':'); i > strings.LastIndexByte(s, ']') {
		host, port = s[:i], s[i+1:]
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", errors.New("port must be a number from 1 to 65535")
	}
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		host = host[1 : len(host)-1]
		if ip, err := netip.ParseAddr(host); err != nil || ip.Is4() {
			return "", errors.New("brackets must hold an IPv6 address")
		}
	} else if host == "" || strings.ContainsAny(host, ":[]%") {
		return "", errors.New("name is empty or malformed; an IPv6 address needs brackets")
	}
	return net.JoinHostPort(host, port), nil
}
