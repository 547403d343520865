// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package msgpackser_test

import (
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/fusioncache-go/fusioncache/serializers/msgpackser"
)

func Example() {
	type product struct {
		Name    string
		Price   float64
		Updated time.Time
	}
	s, err := msgpackser.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	data, err := s.Marshal(&product{"lamp", 9.5, time.Unix(1_767_323_045, 0)})
	if err != nil {
		log.Fatal(err)
	}
	var p product
	if err := s.Unmarshal(data, &p); err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(data), p.Name, p.Price, p.Updated.UTC())
	// Output: 40 lamp 9.5 2026-01-02 03:04:05 +0000 UTC
}

// Bytes that would make the decoder ask for 64 GiB are an error.
func ExampleSerializer_Unmarshal_hostile() {
	s, err := msgpackser.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	var v any
	err = s.Unmarshal([]byte{0xdd, 0xff, 0xff, 0xff, 0xff}, &v)
	fmt.Println(errors.Is(err, msgpackser.ErrMalformed))
	// Output: true
}
