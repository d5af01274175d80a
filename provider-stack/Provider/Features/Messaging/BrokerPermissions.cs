namespace IoTPlatform.Provider.Features.Messaging;

internal sealed record BrokerPermissions(bool MayPublish, bool MaySubscribe, bool MayRetain);
