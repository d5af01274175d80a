namespace IoTPlatform.Integration.Tests.RabbitMq;

public enum MqttOutcome
{
    Done,

    /// <summary>TLS or TCP failed, or the broker hung up.</summary>
    NoConnection,

    /// <summary>In the time there was.</summary>
    NoAcknowledgement,

    /// <summary>CONNACK 4 or 5 (MQTT 3.1.1 section 3.2.2.3).</summary>
    NotAuthorised,
}
