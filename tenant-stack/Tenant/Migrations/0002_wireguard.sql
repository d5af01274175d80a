-- The next never-used address of each subnet, as offset from its network address; the server has offset 1.
CREATE TABLE tenant.wireguard_pools (
  subnet cidr PRIMARY KEY CHECK (family(subnet) = 4 AND masklen(subnet) BETWEEN 8 AND 30),
  next_offset bigint NOT NULL DEFAULT 2
);

CREATE TABLE tenant.wireguard_peers (
  address inet PRIMARY KEY,
  subnet cidr NOT NULL REFERENCES tenant.wireguard_pools,
  device_id text COLLATE "C" CONSTRAINT wireguard_peers_device UNIQUE REFERENCES tenant.devices,
  public_key text CONSTRAINT wireguard_peers_public_key UNIQUE CHECK (char_length(public_key) = 44),
  assigned_at timestamptz NOT NULL,
  released_at timestamptz,
  CHECK ((device_id IS NULL) = (public_key IS NULL)),
  CHECK ((device_id IS NULL) = (released_at IS NOT NULL))
);
CREATE INDEX wireguard_peers_released ON tenant.wireguard_peers (subnet, released_at) WHERE device_id IS NULL;

-- Gives the device an address, or its present one with a new key. Null: the subnet is used up.
-- Never-used addresses come first; a released one is reused only after the quarantine, so that a peer which was just thrown
-- out and still has its configuration does not speak with a newcomer's address.
CREATE FUNCTION tenant.allocate_wireguard_address(
  p_device text, p_public_key text, p_subnet cidr, p_now timestamptz, p_quarantine interval) RETURNS inet
LANGUAGE plpgsql AS $$
DECLARE
  v_last bigint := (1::bigint << (32 - masklen(p_subnet))) - 2;
  v_offset bigint;
  v_address inet;
BEGIN
  UPDATE tenant.wireguard_peers SET public_key = p_public_key
    WHERE device_id = p_device RETURNING address INTO v_address;
  IF FOUND THEN
    RETURN v_address;
  END IF;

  INSERT INTO tenant.wireguard_pools (subnet) VALUES (p_subnet) ON CONFLICT DO NOTHING;
  LOOP
    UPDATE tenant.wireguard_pools SET next_offset = next_offset + 1
      WHERE subnet = p_subnet AND next_offset <= v_last RETURNING next_offset - 1 INTO v_offset;
    EXIT WHEN NOT FOUND;
    v_address := set_masklen(host(p_subnet)::inet + v_offset, 32);
    INSERT INTO tenant.wireguard_peers (address, subnet, device_id, public_key, assigned_at)
      VALUES (v_address, p_subnet, p_device, p_public_key, p_now)
      ON CONFLICT (address) DO NOTHING;
    IF FOUND THEN
      RETURN v_address;
    END IF;
  END LOOP;

  UPDATE tenant.wireguard_peers
    SET device_id = p_device, public_key = p_public_key, assigned_at = p_now, released_at = NULL
    WHERE address = (
      SELECT address FROM tenant.wireguard_peers
      WHERE subnet = p_subnet AND device_id IS NULL AND released_at <= p_now - p_quarantine
      ORDER BY released_at, address LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING address INTO v_address;
  RETURN v_address;
END $$;

CREATE FUNCTION tenant.release_wireguard_address(p_device text, p_now timestamptz) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  UPDATE tenant.wireguard_peers SET device_id = NULL, public_key = NULL, released_at = p_now WHERE device_id = p_device;
  RETURN FOUND;
END $$;
