using System.Security.Authentication;

namespace IoTPlatform.Pki;

/// <summary>A server's certificate was seen and does not verify. Every other failure of a handshake is one of the connection.</summary>
public sealed class UntrustedServerException(string reason) : AuthenticationException(reason)
{
    /// <summary>Set when only the time is wrong: a clock's fault more often than the certificate's.</summary>
    public ValidityPeriod? WrongTime { get; init; }
}
