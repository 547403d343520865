// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package rawser_test

import (
	"fmt"
	"log"

	"github.com/fusioncache-go/fusioncache/serializers/rawser"
)

func Example() {
	var s rawser.Serializer
	page := []byte("<html></html>")
	data, err := s.Marshal(&page)
	if err != nil {
		log.Fatal(err)
	}
	var back []byte
	if err := s.Unmarshal(data, &back); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", back)
	_, err = s.Marshal(new(int))
	fmt.Println(err)
	// Output:
	// <html></html>
	// rawser: marshal *int: only []byte, string and types made of them are supported
}
