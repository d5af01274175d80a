namespace IoTPlatform.Provider.Features.Workflow;

/// <summary>Delivers a wake-up later, without a consumer or a thread waiting for it.</summary>
internal interface IRetryDelivery
{
    /// <summary>The delay it has for a wanted one.</summary>
    TimeSpan DelayFor(TimeSpan wanted);

    /// <param name="message">To any consumer.</param>
    /// <param name="delay">One of <see cref="DelayFor"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task SendAsync(AdvanceWorkflow message, TimeSpan delay, CancellationToken cancellationToken);
}
