namespace IoTPlatform.Provider.Features.Workflow;

/// <summary>A step of JOIN; they run in the order of registration.</summary>
internal interface IJoinStep : IWorkflowStep;
