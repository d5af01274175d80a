namespace IoTPlatform.Iot;

/// <summary>What the demo is to run with.</summary>
internal sealed record DemoShape(bool RabbitMq, bool Keycloak, bool Keep);
