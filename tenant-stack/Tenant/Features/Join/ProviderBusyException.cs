namespace IoTPlatform.Tenant.Features.Join;

/// <summary>The provider is away, busy, or has not decided yet: the same call later can succeed.</summary>
internal sealed class ProviderBusyException(string message, TimeSpan? retryAfter = null, Exception? inner = null) : Exception(message, inner)
{
    public TimeSpan? RetryAfter { get; } = retryAfter;

    /// <summary>Waiting for a human, not for a repair: the pause does not grow.</summary>
    public bool IsPending { get; init; }
}
