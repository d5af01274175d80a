namespace IoTPlatform.Interop.Tests;

/// <summary>A running authority as a step user knows it.</summary>
/// <param name="RootFingerprint">SHA-256, hex.</param>
/// <param name="ProvisionerPasswordFile">Opens the key of <paramref name="Provisioner"/>.</param>
public sealed record StepTarget(Uri Url, string RootFingerprint, string ProvisionerPasswordFile, string Provisioner = "iot-bridge");
