// Package creditmsg is the root of the module: it holds no code of the product, only
// the test that polices the tree.
//
// The product is in cmd/creditmsg and internal; its Go client is in client. The house
// rules that can be checked are in tidy_test.go and the files beside it, each with its
// reason.
package creditmsg
