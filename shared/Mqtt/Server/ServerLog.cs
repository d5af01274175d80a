using Microsoft.Extensions.Logging;
using MQTTnet.Diagnostics.Logger;

namespace IoTPlatform.Mqtt;

/// <summary>What MQTTnet's server notes. Broken packets and lost connections are the clients' own; what goes wrong in our rules is logged there.</summary>
internal sealed partial class ServerLog(ILogger log) : IMqttNetLogger
{
    public bool IsEnabled => log.IsEnabled(LogLevel.Debug);

    public void Publish(MqttNetLogLevel level, string source, string message, object[]? parameters, Exception? exception)
    {
        if (level >= MqttNetLogLevel.Warning)
        {
            Noted(parameters is null ? message : string.Format(null, message, parameters), exception);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Note}")]
    private partial void Noted(string note, Exception? exception);
}
