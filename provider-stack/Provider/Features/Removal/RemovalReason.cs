using IoTPlatform.Provider.Features.Certificates;

namespace IoTPlatform.Provider.Features.Removal;

internal static class RemovalReason
{
    public static RevocationGrounds Value { get; } = RevocationGrounds.CessationOfOperation("tenant removed");
}
