namespace IoTPlatform.Pki;

/// <summary>A refusal by the certificate code; the message is safe to show to the caller and holds no secret.</summary>
public sealed class PkiException : Exception
{
    public PkiException(PkiError error, string message) : base(message) => Error = error;

    public PkiException(PkiError error, string message, Exception inner) : base(message, inner) => Error = error;

    public PkiError Error { get; }
}
