package server_test

import (
	"fmt"
	"os"
	"path/filepath"

	"creditmsg/internal/server"
)

func ExampleLoadConfig() {
	dir, err := os.MkdirTemp("", "config")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "creditmsg.yaml")
	if err := os.WriteFile(file, []byte("database:\n  url: sqlite:data/msg.db\nlog:\n  format: text\n"), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	c, err := server.LoadConfig(file, []string{"CREDITMSG_DATABASE_URL=postgres://msg:secret@db/msg"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Database.URL, c.Log.Format, c.Delivery.Lease)
	// Output: postgres://msg:********@db/msg text 1m0s
}
