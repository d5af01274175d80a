using IoTPlatform.Pki;

namespace IoTPlatform.Provider.Features.Certificates;

/// <summary>Why the provider revokes by itself: the reason, and what it means here.</summary>
internal sealed record RevocationGrounds(RevocationReason Reason, string Text)
{
    public static RevocationGrounds Superseded(string text) => new(RevocationReason.Superseded, text);

    public static RevocationGrounds CessationOfOperation(string text) => new(RevocationReason.CessationOfOperation, text);
}
