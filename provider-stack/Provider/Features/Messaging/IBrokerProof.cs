namespace IoTPlatform.Provider.Features.Messaging;

/// <summary>What no look at a broker's configuration shows: whether it does what the platform relies on.</summary>
internal interface IBrokerProof
{
    /// <summary>What was seen not to hold, or can't be tried. A broker that doesn't answer is a <see cref="Hosting.DependencyDownException"/>.</summary>
    Task<IReadOnlyList<BrokerDifference>> FindAsync(CancellationToken cancellationToken);
}
