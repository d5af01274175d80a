namespace IoTPlatform.Contracts.Join;

public sealed record RejectJoinRequest
{
    public required string Reason { get; init; }
}
