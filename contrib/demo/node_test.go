// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/fusioncache-go/fusioncache/plugins/stats"
)

// testNode starts a node whose L2 and backplane are in the process.
func testNode(t *testing.T) (*node, *database) {
	t.Helper()
	local, err := newLocalServer()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = local.close() })
	d := testDatabase(t, 100)
	r := &recipe{name: "test", l1: otter, l2: local, bus: local, defaults: entryOptions(minDuration)}
	n := &node{name: "A", addr: "127.0.0.1:0", counter: stats.New()}
	if err := n.start(t.Context(), r, d); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return n, d
}

func request(t *testing.T, method, url string) (status int, body string, header http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(data), resp.Header
}

func TestNode_ServesTheCatalogue(t *testing.T) {
	n, d := testNode(t)
	defer http.DefaultClient.CloseIdleConnections()
	var p Product
	status, body, _ := request(t, http.MethodGet, n.url(7))
	if err := json.Unmarshal([]byte(body), &p); status != http.StatusOK || err != nil || p.ID != 7 {
		t.Errorf("get: %d %q %v", status, body, err)
	}
	status, body, header := request(t, http.MethodPut, n.url(7)+"/price?cents=1234")
	if status != http.StatusOK || !strings.Contains(body, `"cents":1234`) || header.Get(outcomeHeader) != "committed" {
		t.Errorf("put: %d %q %v", status, body, header)
	}
	d.be(condition{down: true})
	if status, body, _ = request(t, http.MethodGet, n.url(7)); status != http.StatusOK || !strings.Contains(body, `"cents":1234`) {
		t.Errorf("from memory: %d %q", status, body)
	}
	if status, body, _ = request(t, http.MethodPut, n.url(7)+"/price?cents=1"); status != http.StatusServiceUnavailable {
		t.Errorf("put without a database: %d %q", status, body)
	}
	if status, body, _ = request(t, http.MethodGet, n.url(8)); status != http.StatusServiceUnavailable {
		t.Errorf("get without a database: %d %q", status, body)
	}
}

func TestNode_RefusesBadRequests(t *testing.T) {
	n, _ := testNode(t)
	defer http.DefaultClient.CloseIdleConnections()
	root := strings.TrimSuffix(n.url(7), "/7")
	for _, c := range []struct {
		method, path string
		want         int
	}{
		{http.MethodGet, "/seven", http.StatusBadRequest},
		{http.MethodGet, "/101", http.StatusNotFound},
		{http.MethodPut, "/7/price", http.StatusBadRequest},
		{http.MethodPut, "/7/price?cents=-1", http.StatusBadRequest},
		{http.MethodPut, "/seven/price?cents=1", http.StatusBadRequest},
		{http.MethodPut, "/101/price?cents=1", http.StatusNotFound},
		{http.MethodDelete, "/7", http.StatusMethodNotAllowed},
	} {
		if status, body, _ := request(t, c.method, root+c.path); status != c.want {
			t.Errorf("%s %s: %d %q, want %d", c.method, c.path, status, body, c.want)
		}
	}
}
