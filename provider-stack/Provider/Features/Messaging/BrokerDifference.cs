namespace IoTPlatform.Provider.Features.Messaging;

/// <summary>Something on the broker that is not as the platform wants it.</summary>
/// <param name="What">For example <c>permission of acme-mqtt-bridge in acme</c>.</param>
/// <param name="Expected">Null: it should not be there.</param>
/// <param name="Actual">Null: it is missing.</param>
internal sealed record BrokerDifference(string What, string? Expected, string? Actual);
