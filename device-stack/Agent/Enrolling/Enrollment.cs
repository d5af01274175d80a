using IoTPlatform.Client;

namespace IoTPlatform.Agent;

/// <summary>What enrolling takes. A class, not a record: it carries the one-time token.</summary>
public sealed class Enrollment
{
    public required DeviceSettings Settings { get; init; }
    public required RootTrust Root { get; init; }
    public required string Token { get; init; }

    /// <summary>Make a WireGuard key pair and ask for an address.</summary>
    public bool WithWireGuard { get; init; }

    /// <summary>Or bring one's own: base64 of the 32-byte public key; the written configuration then keeps the placeholder.</summary>
    public string? WireGuardPublicKey { get; init; }

    /// <summary>The same with WireGuard as asked for.</summary>
    public Enrollment With(bool wireGuard, string? publicKey) =>
        new() { Settings = Settings, Root = Root, Token = Token, WithWireGuard = wireGuard, WireGuardPublicKey = publicKey };
}
