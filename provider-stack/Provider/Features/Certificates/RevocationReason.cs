namespace IoTPlatform.Provider.Features.Certificates;

/// <summary>CRLReason (RFC 5280 section 5.3.1) and what it means here.</summary>
internal sealed record RevocationReason(int Code, string Text)
{
    public static RevocationReason Superseded(string text) => new(4, text);

    public static RevocationReason CessationOfOperation(string text) => new(5, text);
}
