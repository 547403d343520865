module github.com/fusioncache-go/fusioncache

go 1.26.0
