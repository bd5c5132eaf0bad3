package cli

import "github.com/spf13/cobra"

func engineCommand() *cobra.Command {
	return &cobra.Command{Use: "engine"}
}
