using MassTransit;

namespace IoTPlatform.Provider.Features.Workflow;

internal sealed class AdvanceWorkflowConsumer(TenantWorkflow workflow) : IConsumer<AdvanceWorkflow>
{
    public async Task Consume(ConsumeContext<AdvanceWorkflow> context)
    {
        var outcome = await workflow.AdvanceAsync(context.Message.TenantId, context.CancellationToken);
        if (context.ResponseAddress is not null)
            await context.RespondAsync(outcome);
    }
}
