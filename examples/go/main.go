// Starts a batch run, and prints its report: go run . dir-...
//
// The workflow's names and JSON are the contract. The worker is `temporal-llamacloud worker`.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
)

type job struct {
	Type            string `json:"type"`
	ConfigurationID string `json:"configurationId"`
}

type input struct {
	DirectoryID string `json:"directoryId"`
	Job         job    `json:"job"`
}

// Some of the fields. Others are ignored.
type report struct {
	BatchID  string  `json:"batchId"`
	Files    counts  `json:"files"`
	Manifest *string `json:"manifest"`
}

type counts struct {
	Total     int `json:"total"`
	Completed int `json:"completed"`
}

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	if len(os.Args) != 2 {
		return errors.New("give the id of a directory: go run . dir-...")
	}
	in := input{DirectoryID: os.Args[1], Job: job{Type: "parse_v2", ConfigurationID: "cfg-PARSE_AGENTIC"}}

	// Without the variables: localhost:7233 and default.
	c, err := client.Dial(client.Options{HostPort: os.Getenv("TEMPORAL_ADDRESS"), Namespace: os.Getenv("TEMPORAL_NAMESPACE")})
	if err != nil {
		return err
	}
	defer c.Close()

	handle, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		// This id keeps a second run from the same directory, job type and configuration while this one is open.
		ID:                       fmt.Sprintf("llamacloud/%s/%s/%s", in.DirectoryID, in.Job.Type, in.Job.ConfigurationID),
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		// Otherwise the SDK attaches to the open run, without an error.
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		TaskQueue:                                "llamacloud",
	}, "processBatch", in)
	if err != nil {
		return err
	}
	fmt.Println("Started", handle.GetID())

	var out report
	if err := handle.Get(ctx, &out); err != nil {
		// The type is one of the failure types of the reference, such as TooManyFailedFiles. The first detail is the report.
		var failure *temporal.ApplicationError
		if errors.As(err, &failure) && failure.HasDetails() && failure.Details(&out) == nil {
			fmt.Printf("%s: batch %s has %d of %d files\n", failure.Type(), out.BatchID, out.Files.Completed, out.Files.Total)
		}
		return err
	}
	fmt.Printf("%d of %d files completed. Manifest: %s\n", out.Files.Completed, out.Files.Total, *out.Manifest)
	return nil
}
