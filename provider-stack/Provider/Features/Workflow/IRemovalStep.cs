namespace IoTPlatform.Provider.Features.Workflow;

/// <summary>A step of removing a tenant; they run in the order of registration.</summary>
internal interface IRemovalStep : IWorkflowStep;
