// Package repository holds tests of what no compiler checks about this
// repository: which package may import which, that documentation names what
// exists, and that the Dagger module fits the SDK. There is nothing to call;
// run go test.
package repository
