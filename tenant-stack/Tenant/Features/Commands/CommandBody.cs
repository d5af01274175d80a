using System.Buffers;
using System.Text.Json;
using IoTPlatform.Contracts.Devices;

namespace IoTPlatform.Tenant.Features.Commands;

/// <summary>A command as its device gets it, from every broker.</summary>
internal static class CommandBody
{
    public static ReadOnlyMemory<byte> Of(QueuedCommand command)
    {
        var body = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteNumber(CommandFormat.Id, command.Id);
            json.WriteString(CommandFormat.Method, command.Name);
            if (command.Payload is { } payload)
            {
                json.WritePropertyName(CommandFormat.Params);
                json.WriteRawValue(payload, skipInputValidation: true);
            }

            json.WriteString(CommandFormat.ExpiresAt, command.ExpiresAt);
            json.WriteEndObject();
        }

        return body.WrittenMemory;
    }
}
