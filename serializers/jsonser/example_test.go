// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package jsonser_test

import (
	"fmt"
	"log"

	"github.com/fusioncache-go/fusioncache/serializers/jsonser"
)

func Example() {
	type product struct {
		Name  string  `json:"name"`
		Price float64 `json:"price"`
	}
	s, err := jsonser.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	data, err := s.Marshal(&product{"lamp", 9.5})
	if err != nil {
		log.Fatal(err)
	}
	var p product
	if err := s.Unmarshal(data, &p); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s %+v\n", data, p)
	// Output: {"name":"lamp","price":9.5} {Name:lamp Price:9.5}
}
