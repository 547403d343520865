// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package distributedtest_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/distributedtest"
)

// Files is the adapter of docs/writing-an-adapter.md.

// Files is a distributed layer in a folder, one file per key: eight bytes of
// expiry, in nanoseconds since 1970, and the value. Safe for concurrent use, also
// by many processes.
type Files struct{ Dir string }

// name is the file of key: hashed, because keys may be longer than file names
// and hold bytes that file names may not.
func (f Files) name(key string) string {
	return filepath.Join(f.Dir, fmt.Sprintf("%x", sha256.Sum256([]byte(key))))
}

// Get implements core.DistributedLayer.
func (f Files) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if err := ctx.Err(); err != nil {
		return nil, false, fmt.Errorf("files: get %q: %w", key, err)
	}
	data, err := os.ReadFile(f.name(key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil // a miss is not an error
	}
	if err != nil || len(data) < 8 {
		return nil, false, fmt.Errorf("files: get %q: %w", key, errors.Join(err, errors.New("no whole file")))
	}
	if int64(binary.BigEndian.Uint64(data)) <= time.Now().UnixNano() {
		return nil, false, nil
	}
	return data[8:], true, nil
}

// Set implements core.DistributedLayer.
func (f Files) Set(ctx context.Context, key string, data []byte, ttl time.Duration) error {
	err := ctx.Err()
	if err == nil {
		end := time.Now().UnixNano() + int64(min(ttl, 100*365*24*time.Hour))
		err = f.replace(f.name(key), append(binary.BigEndian.AppendUint64(nil, uint64(end)), data...))
	}
	if err != nil {
		return fmt.Errorf("files: set %q: %w", key, err)
	}
	return nil
}

// replace writes a file so that readers see the old or the new one, never a part.
func (f Files) replace(name string, data []byte) error {
	file, err := os.CreateTemp(f.Dir, "new")
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return os.Rename(file.Name(), name)
}

// Delete implements core.DistributedLayer.
func (f Files) Delete(ctx context.Context, key string) error {
	err := ctx.Err()
	if err == nil {
		err = os.Remove(f.name(key))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("files: delete %q: %w", key, err)
	}
	return nil
}

func TestFiles_Conform(t *testing.T) {
	distributedtest.Run(t, distributedtest.Harness{
		New:      func(tb testing.TB) core.DistributedLayer { return Files{Dir: tb.TempDir()} },
		Features: distributedtest.Features{NoServer: true, NoClose: true},
	})
}
