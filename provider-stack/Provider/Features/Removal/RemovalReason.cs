using IoTPlatform.Provider.Features.Certificates;

namespace IoTPlatform.Provider.Features.Removal;

internal static class RemovalReason
{
    public static RevocationReason Value { get; } = RevocationReason.CessationOfOperation("tenant removed");
}
