using System.Diagnostics;

namespace IoTPlatform.Provider.Features.Workflow;

/// <summary>One span for each step of a workflow.</summary>
internal static class WorkflowTrace
{
    public const string Name = "IoTPlatform.Workflow";

    private static readonly ActivitySource Source = new(Name);

    /// <summary>Null where no trace is taken.</summary>
    public static Activity? Start(WorkflowInput input, IWorkflowStep step) =>
        Source.StartActivity("workflow " + step.Name)?.SetTag("iot.tenant", input.TenantId).SetTag("iot.workflow", input.WorkflowId.ToString()).SetTag("iot.step", step.Name);
}
